"""Keep files on disk that count only where no other user could have written them."""

"""Read PE files, the binaries of Windows."""

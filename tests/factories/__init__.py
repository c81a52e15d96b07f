"""Values, wheels and projects that tests are made of."""

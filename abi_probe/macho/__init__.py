"""Read Mach-O files, the binaries of macOS."""

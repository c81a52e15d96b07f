"""Read ELF files, the binaries of Linux."""

"""Keep things on disk, where others write at the same time and files may be damaged."""

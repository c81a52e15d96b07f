"""Tests of plan files and of both programs that read them."""

"""Tests of proving by a real import."""

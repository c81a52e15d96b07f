"""Test a project on every runtime: one built wheel, the cells of a matrix, their results."""

"""Products in and out, as CSV files."""

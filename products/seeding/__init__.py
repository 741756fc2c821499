"""A catalogue as large as one likes, for demos and benchmarks."""

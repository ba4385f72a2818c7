"""The report of a package: what it tells as data, and as one page that needs nothing else."""

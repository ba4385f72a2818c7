"""Who prepares the parts of a table: this process, several of this machine, or a Dask cluster."""

"""What the engines are called: processes of this machine, or a Dask cluster."""

LOCAL, DASK = "local", "dask"

"""The scores of the people in a file, without a campaign: `scripts/score`, in one process or on a Dask cluster."""

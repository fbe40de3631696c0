"""The ranked list of a campaign: bands, filters, samples and exports."""

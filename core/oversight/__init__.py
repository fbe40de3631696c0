"""Incidents, the week and its signed reviews; what stops on a full disk, and words for jobs."""

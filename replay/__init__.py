"""Plays a finished campaign again in time order, through the appliance's own code and with its own clock."""

"""A history played again in time order, through the appliance's own code and with a clock of its own.

Stands above the services, as set-up does: it may use them all, and none of them knows it.
"""

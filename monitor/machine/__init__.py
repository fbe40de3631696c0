"""The machine under the appliance: disk, memory, clock, certificate, services, and the alarms about them."""

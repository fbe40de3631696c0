"""Whether the appliance runs: services, jobs, disk, alarms and notices."""

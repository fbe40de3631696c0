"""The parts that every page uses: the appliance, notices, charts, links and caches."""

"""The strategies of studies."""

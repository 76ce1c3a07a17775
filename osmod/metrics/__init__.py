"""Figures for Prometheus. Each is that of the whole system, whoever is asked: processes count, Redis adds up."""

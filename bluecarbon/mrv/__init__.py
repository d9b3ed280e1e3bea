"""Measuring: scenes and class maps to areas, trees to biomass, cores to soil carbon."""

"""A calm score sheet of the Non-Permanence Risk Tool, from which tests differ by one answer."""

from bluecarbon.methodology import nprt_v4_2 as nprt

ANSWERS = {
    "adaptive_management_plan": True,
    "nonnative_species_over_25_percent": False,
    "enforcement_over_50_percent": False,
    "no_experience": False,
    "no_local_presence": False,
    "loss_report_late": False,
    "experienced_team": False,
    "payback_years": 3.0,
    "funding_secured_percent": 90.0,
    "callable_resources": False,
    "alternative_npv_percent": 0.0,
    "legal_crediting_period": False,
    "legal_100_years": False,
    "longevity_years": 100.0,
    "legal_agreement": True,
    "longevity_planned": True,
    "due_process_for_disputes": True,
    "control_secured": True,
    "different_holder": False,
    "expropriated_in_20_years": False,
    "rights_changed_in_20_years": False,
    "tenure_dispute_percent": 0.0,
    "access_dispute_percent": 0.0,
    "upstream_and_sea_impacts_shown": True,
    "legal_protection": False,
    "dispute_resolution": False,
    "households_rely_on_area": False,
    "governance_mean": 1.0,
    "political_mitigation": False,
    "fire": {"significance": "not_applicable"},
    "pest": {"significance": "not_applicable"},
    "weather": {"significance": "not_applicable"},
    "geological": {"significance": "not_applicable"},
    "sea_level_rise": {"significance": "not_applicable"},
    "climate_factor": 1.0,
}


def rating(**more):
    return nprt.assess(nprt.ScoreSheet.model_validate({**ANSWERS, **more}))


def part(name, **more):
    return rating(**more).subcategories[name]


def declared(**more):
    flat = {}
    for key, value in {**ANSWERS, **more}.items():
        items = value.items() if isinstance(value, dict) else [("", value)]
        flat |= {f"nprt.{key}" + (f".{sub}" if sub else ""): v for sub, v in items}
    return flat

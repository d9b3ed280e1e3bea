"""A retirement certificate to print: Chinese first, English beside, QR code inline.

The page stands alone (no font, script or picture from elsewhere) and proves nothing by itself:
it shows the digest of the JSON certificate, which does.
"""

from __future__ import annotations

import importlib.resources
from pathlib import Path

import jinja2
import segno

from bluecarbon.registry.certificate import Certificate
from bluecarbon.registry.identity import DEMONSTRATION_LABEL
from bluecarbon.spec import Finding

_SERIALS_IN_CODE_MAX = 8
"""A QR code of more serials could not be read from paper; the digest covers them all."""


def certificate_html(certificate: Certificate) -> str:
    """The page as text; the same certificate gives the same page."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    folder = importlib.resources.files("bluecarbon.registry") / "templates"
    template = environment.from_string((folder / "certificate.html").read_text("utf-8"))
    return template.render(
        certificate=certificate,
        demonstration=certificate.registry.key_label == DEMONSTRATION_LABEL,
        drafts=any(item.unverified_parameters for item in certificate.retirement.batches),
        code_svg=_code_svg(certificate),
    )


def check_page(page: Path, certificate: Certificate) -> tuple[Finding, ...]:
    """A finding unless the file is, byte for byte, the page of the (verified) certificate."""
    try:
        content = page.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror} / 无法读取"
    else:
        if content == certificate_html(certificate).encode():
            return ()
        message = "is not the page of the certificate beside it / 网页与旁边的证书文件不一致"
    fix = "believe the certificate (JSON), not this page; ask the registry for the page again"
    return (
        Finding(
            code="certificate-page-differs",
            severity="error",
            subject=page.name,
            message=message,
            fix=fix,
        ),
    )


def code_content(certificate: Certificate) -> str:
    """What the QR code says: the digest of the certificate, then serials, one a line."""
    serials = certificate.retirement.serials
    lines = [f"bluecarbon-certificate:sha256:{certificate.digest}", *serials[:_SERIALS_IN_CODE_MAX]]
    if len(serials) > _SERIALS_IN_CODE_MAX:
        lines.append(f"+{len(serials) - _SERIALS_IN_CODE_MAX}")
    return "\n".join(lines)


def _code_svg(certificate: Certificate) -> str:
    # Level M still reads with 15 % of the code worn away, as on a folded page.
    code = segno.make(code_content(certificate), error="m", micro=False)
    return str(code.svg_inline(scale=3, border=4, dark="#10332b", light="#ffffff"))

"""Whom clients trust."""

import ssl

from shared.tls import trust


def test_by_http_no_certificate_would_do() -> None:
    context = trust("http://auth:8101")
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.get_ca_certs()


def test_by_https_the_usual_authorities_are_trusted() -> None:
    assert trust("https://auth.example") is True

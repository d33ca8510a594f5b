"""What the CA signs."""

import ssl
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from weft import trust
from weft.model.errors import Invalid
from weft.model.ids import HostName

NOW = datetime(2026, 3, 1, tzinfo=UTC)
H1 = HostName("h1")


@pytest.fixture(scope="module")
def authority() -> trust.Authority:
    return trust.Authority.new(NOW)


def request_with(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    made = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, algorithm)
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_a_hosts_certificate_names_the_host_and_is_for_clients_only(authority: trust.Authority) -> None:
    made = x509.load_pem_x509_certificate(
        authority.host(H1, trust.request(trust.new_key(), "h1"), NOW).encode()
    )

    assert made.subject.rfc4514_string() == "CN=h1"
    purposes = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_request_cannot_ask_to_be_a_ca(authority: trust.Authority) -> None:
    private = rsa.generate_private_key(65537, 2048)
    greedy = (
        x509.CertificateSigningRequestBuilder(x509.Name([]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )

    made = authority.host(H1, greedy.public_bytes(serialization.Encoding.PEM).decode(), NOW)

    loaded = x509.load_pem_x509_certificate(made.encode())
    assert not loaded.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_server_is_known_by_its_names_and_addresses(authority: trust.Authority) -> None:
    made = authority.server("weft server", ["weft.example.org", "192.0.2.1", "2001:db8::1"], NOW)

    names = (
        x509.load_pem_x509_certificate(made.certificate.encode())
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value
    )
    assert names.get_values_for_type(x509.DNSName) == ["weft.example.org"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.1", "2001:db8::1"]


def test_certificates_are_valid_from_now_and_end(authority: trust.Authority) -> None:
    made = authority.server("weft server", ["localhost"], NOW).certificate

    assert trust.valid_until(made) == NOW + trust.VALID
    loaded = x509.load_pem_x509_certificate(made.encode())
    assert loaded.not_valid_before_utc < NOW


def test_no_certificate_outlives_the_ca(authority: trust.Authority) -> None:
    late = NOW + trust.AUTHORITY_VALID - trust.VALID / 2

    made = authority.server("weft server", ["localhost"], late).certificate

    assert trust.valid_until(made) == NOW + trust.AUTHORITY_VALID


@pytest.mark.parametrize(
    ("request_text", "said"),
    [
        ("", "not a certificate request"),
        (trust.request(trust.new_key(), "h2"), "is for 'h2'"),
        (request_with(rsa.generate_private_key(65537, 1024)), "of another kind"),
        (request_with(ed25519.Ed25519PrivateKey.generate()), "of another kind"),
    ],
)
def test_a_request_that_cannot_be_signed_says_why(
    authority: trust.Authority, request_text: str, said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        authority.host(H1, request_text, NOW)


def test_a_tampered_request_is_refused(authority: trust.Authority) -> None:
    der = bytearray(
        x509.load_pem_x509_csr(trust.request(trust.new_key(), "h1").encode()).public_bytes(
            serialization.Encoding.DER
        )
    )
    der[-1] ^= 1
    text = ssl.DER_cert_to_PEM_cert(bytes(der)).replace("CERTIFICATE", "CERTIFICATE REQUEST")

    with pytest.raises(Invalid, match="signature"):
        authority.host(H1, text, NOW)


def test_a_name_too_long_for_a_certificate_is_said_so(authority: trust.Authority) -> None:
    host = HostName("h" * 65)

    with pytest.raises(Invalid, match="64 characters"):
        authority.host(host, request_with(rsa.generate_private_key(65537, 2048)), NOW)


def test_keys_are_not_shown_by_accident(authority: trust.Authority) -> None:
    assert "PRIVATE" not in repr(authority)

"""The installation's own certificate authority: who is a server here, and who is which host.

Keys are on the curve P-256, which OpenSSL, Python and Open vSwitch all speak. Texts are PEM. A host's
certificate has the host's name as its common name: OVN's access control and our API both go by that.
"""

import hashlib
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from weft.model.errors import Invalid
from weft.model.ids import HostName

AUTHORITY_VALID = timedelta(days=20 * 365)
VALID = timedelta(days=2 * 365)
"""Of a server's certificate; `weft server renew` renews it."""
HOST_VALID = timedelta(days=14)
"""Of a host's, which its agent renews. Short: nothing but its end takes it from a host that is retired."""
BACKDATED = timedelta(hours=1)
"""Clocks differ; a certificate must not be refused because a host's is a little behind."""

LONGEST_COMMON_NAME = 64
"""RFC 5280, appendix A, ub-common-name."""
_SMALLEST_RSA = 2048

_PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A certificate and its private key."""

    certificate: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Authority:
    """The CA: what it is, and what it signs."""

    credential: Credential

    @classmethod
    def new(cls, now: datetime) -> Self:
        """A CA with a new key."""
        key = ec.generate_private_key(ec.SECP256R1())
        identity = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        name = _name(f"Weft CA {identity.digest.hex()[:8]}")
        usage = _usage(signs_certificates=True)
        built = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(now + AUTHORITY_VALID)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(identity, critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(Credential(certificate=_pem(built), key=_key_pem(key)))

    @property
    def fingerprint(self) -> str:
        """How others recognise this CA."""
        return fingerprint(self.credential.certificate)

    def server(self, common_name: str, names: Sequence[str], now: datetime) -> Credential:
        """A server's new key and certificate, good for `names`: DNS names and IP addresses.

        It also opens connections with it, to OVN's databases; its name cannot be that of a host if it has
        a space.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        both = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
        certificate = self._sign(common_name, key.public_key(), both, now, names)
        return Credential(certificate=certificate, key=_key_pem(key))

    def host(self, host: HostName, request: str, now: datetime) -> str:
        """The certificate of `host`, from its request (PKCS #10). Raises Invalid, naming what is wrong."""
        public = _requested_key(host, request)
        return self._sign(host, public, (ExtendedKeyUsageOID.CLIENT_AUTH,), now, valid=HOST_VALID)

    def _sign(
        self,
        common_name: str,
        public: _PublicKey,
        purposes: Iterable[x509.ObjectIdentifier],
        now: datetime,
        names: Sequence[str] = (),
        *,
        valid: timedelta = VALID,
    ) -> str:
        issuer = x509.load_pem_x509_certificate(self.credential.certificate.encode())
        key = serialization.load_pem_private_key(self.credential.key.encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Invalid("the key of the CA is not one that Weft made")
        builder = (
            x509.CertificateBuilder(issuer.subject, _name(common_name), public, x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(min(now + valid, issuer.not_valid_after_utc))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
            )
        )
        if names:
            alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        return _pem(builder.sign(key, hashes.SHA256()))


def fingerprint(certificate: str) -> str:
    """`sha256:` and the hash of a certificate (its DER form), by which it is pinned."""
    return f"sha256:{hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()}"


def valid_until(certificate: str) -> datetime:
    """When a certificate ends."""
    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc


def validity(certificate: str) -> tuple[datetime, datetime]:
    """When a certificate begins, and when it ends."""
    read = x509.load_pem_x509_certificate(certificate.encode())
    return read.not_valid_before_utc, read.not_valid_after_utc


def new_key() -> str:
    """A private key for a host. It never leaves the host."""
    return _key_pem(ec.generate_private_key(ec.SECP256R1()))


def request(key: str, host: str) -> str:
    """The certificate request (PKCS #10) of `host`, signed with its key."""
    private = serialization.load_pem_private_key(key.encode(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise Invalid("a host's key is on the curve P-256")
    made = x509.CertificateSigningRequestBuilder(_name(host)).sign(private, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def _requested_key(host: HostName, request: str) -> _PublicKey:
    """The key in a request. The name in it must be `host`, or none; nothing else in it counts."""
    try:
        asked = x509.load_pem_x509_csr(request.encode())
        signed = asked.is_signature_valid
        public = asked.public_key()
        names = [part.value for part in asked.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Invalid(f"this is not a certificate request in PEM ({error})", field="csr") from error
    if not signed:
        raise Invalid("the signature of the certificate request is wrong", field="csr")
    if names not in ([], [host]):
        raise Invalid(f"the certificate request is for {names[0]!r:.80}, not for {host}", field="csr")
    if isinstance(public, rsa.RSAPublicKey) and public.key_size >= _SMALLEST_RSA:
        return public
    if isinstance(public, ec.EllipticCurvePublicKey):
        return public
    raise Invalid(
        f"the certificate request has a key of another kind than elliptic curve, or RSA of at least "
        f"{_SMALLEST_RSA} bits",
        field="csr",
    )


def _name(common_name: str) -> x509.Name:
    if not 1 <= len(common_name) <= LONGEST_COMMON_NAME:
        raise Invalid(
            f"a name in a certificate has 1 to {LONGEST_COMMON_NAME} characters, "
            f"and {common_name!r:.80} has {len(common_name)}",
            field="host",
        )
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name)
    except ValueError as error:
        raise Invalid(f"{name!r:.80} is neither a DNS name nor an IP address", field="names") from error


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()

"""Networks: as much of an address as an audit log may keep, which is not enough to tell one person."""

import ipaddress

UNKNOWN = "unknown"


def network_of(address: str) -> str:
    """Return the network of an address: 24 bits of IPv4, 48 of IPv6.

    Example:
        >>> [network_of(one) for one in ("203.0.113.77", "2001:db8:1:2::3", "::ffff:203.0.113.9", "a name")]
        ['203.0.113.0/24', '2001:db8:1::/48', '203.0.113.0/24', 'unknown']
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return UNKNOWN
    inner = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    kept = inner or found
    return str(ipaddress.ip_network((kept, 24 if kept.version == 4 else 48), strict=False))

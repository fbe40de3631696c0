"""Says who sends what out of the compose networks, heard on their bridges: `python sniffer.py BRIDGE=SUBNET…`.

Runs in a container with the host's network and CAP_NET_RAW, from the standard library alone. Prints `ready`, then a
line `SOURCE DESTINATION` for each new pair where a container opens something to an address outside all the subnets;
multicast counts as inside. A question to a name server has the name it asks for as a third word. Ends when its input
does.
"""

import ipaddress
import select
import socket
import struct
import sys

ETH_P_IP = 0x0800
OUTGOING_TO_BRIDGE = (socket.PACKET_HOST, socket.PACKET_OTHERHOST, socket.PACKET_BROADCAST)


def say(line: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def question(protocol: int, segment: bytes) -> str:
    """` NAME` if the segment asks a name server for one (RFC 1035, 4.1), else nothing."""
    if protocol != socket.IPPROTO_UDP or segment[2:4] != b"\x00\x35":
        return ""
    labels, rest = [], segment[8 + 12 :]
    while rest and rest[0]:
        labels.append(rest[1 : 1 + rest[0]].decode(errors="replace"))
        rest = rest[1 + rest[0] :]
    return " " + ".".join(labels)


def main(networks: list[str]) -> None:
    """Listen until the input ends."""
    named = dict(network.split("=") for network in networks)
    inside = [ipaddress.ip_network(subnet) for subnet in named.values()]
    listeners = []
    for bridge in named:
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        listener.bind((bridge, ETH_P_IP))
        listeners.append(listener)
    say("ready")
    seen = set()
    while True:
        if select.select([sys.stdin], [], [], 0)[0] and not sys.stdin.readline():
            return
        readable, _, _ = select.select(listeners, [], [], 0.2)
        for listener in readable:
            packet, (_, _, kind, *_) = listener.recvfrom(512)
            source, destination = (
                ipaddress.ip_address(struct.unpack("!4s", packet[at : at + 4])[0]) for at in (12, 16)
            )
            protocol, header = packet[9], 4 * (packet[0] & 15)
            # Of TCP only who opens: an answer to somebody who came in through the door is none.
            opens = protocol != socket.IPPROTO_TCP or packet[header + 13] & 0x12 == 0x02
            from_inside = any(source in network for network in inside)
            to_inside = any(destination in network for network in inside) or destination.is_multicast
            if (
                kind in OUTGOING_TO_BRIDGE
                and opens
                and from_inside
                and not to_inside
                and str(destination) != "255.255.255.255"
            ):
                pair = f"{source} {destination}{question(protocol, packet[header:])}"
                if pair not in seen:
                    seen.add(pair)
                    say(pair)


if __name__ == "__main__":
    main(sys.argv[1:])

"""What the network, RDMA and SR-IOV files tell of one model of network card."""

from pydantic import Field

from drawplate.emulators.located import Part


class Nic(Part):
    """The section `nic` of a profile: one port of a card, or one virtual function."""

    # The maker's half of the MAC addresses, as registered with the IEEE.
    oui: str = Field(default="02:00:00", pattern=r"^[0-9a-f]{2}(:[0-9a-f]{2}){2}$")
    # What the port negotiates with the switch; class/net has -1 for a driver that does not know.
    speed_mbps: int = Field(default=-1, ge=-1)
    # Whether the driver numbers its ports: p0, p1, … by function; udev's names end in that.
    numbers_ports: bool = False
    firmware: str = ""
    # class/infiniband: the chip, and the board's parameter set id (PSID). Empty without RDMA.
    hca_type: str = ""
    board_id: str = ""
    # Speed of the RDMA port as the kernel writes it, "400 Gb/sec (4X NDR)".
    rate: str = ""
    # Entries of the table of GIDs of a port.
    gids: int = Field(default=16, ge=1, le=256)

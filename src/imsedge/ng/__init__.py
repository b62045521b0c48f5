"""rtpengine's NG protocol: orders to a proxy of audio and video."""

"""imsedge: an IMS media-plane security edge (3GPP TR 29.828) as working software."""

__version__ = "0.1.0"

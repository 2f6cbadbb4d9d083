"""The only code of the gateway that knows Flask: two apps over one model."""

"""What other systems may rely on, written from the code: AsyncAPI, OpenAPI, and a golden schema per event type."""

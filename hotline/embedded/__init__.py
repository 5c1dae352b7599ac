"""Real servers without Docker or a system Java: Kafka by Maven coordinates on a packaged runtime, and mongod."""

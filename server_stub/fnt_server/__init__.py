"""The bundled server: Flask-SocketIO for clients, Celery workers, and the database as the source of truth."""

"""The bundled server: Flask-SocketIO in front, Celery behind, the database as the record."""

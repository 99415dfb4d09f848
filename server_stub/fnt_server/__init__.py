"""The bundled server: Flask-SocketIO for clients, Celery for workers, a database for the truth."""

"""Projects and what lies in them: files, what was said in recordings, clips."""

from web.pages.library import files, projects, recordings, sending

ROUTERS = (projects.router, files.router, recordings.router, sending.router)

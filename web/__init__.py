"""The reviewer's room: pages over the same services as the API."""

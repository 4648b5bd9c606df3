from fastapi import FastAPI

app = FastAPI()
print("pipenv works with", FastAPI.__name__)

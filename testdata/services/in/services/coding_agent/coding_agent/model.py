import httpx


class ModelError(Exception):
    pass


def ask(client: httpx.Client, url: str, prompt: str) -> str:
    try:
        answer = client.post(url, json={"prompt": prompt, "temperature": 0})
        answer.raise_for_status()
        return answer.json()["text"]
    except (httpx.HTTPError, KeyError, ValueError) as err:
        raise ModelError(str(err)) from err

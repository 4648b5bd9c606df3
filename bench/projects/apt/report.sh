echo '{"works": "apt works"}' | jq -r .works

const express = require("express");
console.log("npm works with", typeof express());

fn main() {
    println!("{}", serde_json::json!("cargo works").as_str().unwrap_or_default());
}

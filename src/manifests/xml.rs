//! XML to the values of its elements, as far as manifests need it.

/// The texts of the elements that hold no others, in order, each with the names that lead to it: `project/modules/module`.
///
/// Attributes do not count. What is not well-formed ends it.
pub(super) fn values(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut path: Vec<&str> = Vec::new();
    // The text since the last tag, if that opened an element.
    let mut inside: Option<String> = None;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        if let Some(inside) = &mut inside {
            inside.push_str(&rest[..at]);
        }
        rest = &rest[at..];
        let (end, kind) = match rest {
            it if it.starts_with("<!--") => ("-->", ' '),
            it if it.starts_with("<![CDATA[") => ("]]>", '['),
            it if it.starts_with("<?") => ("?>", ' '),
            it if it.starts_with("<!") => (">", ' '),
            it if it.starts_with("</") => (">", '/'),
            _ => (">", '<'),
        };
        let Some(length) = rest.find(end) else { break };
        let tag = &rest[..length];
        rest = &rest[length + end.len()..];
        let name = |it: &'_ str| it.split(|it: char| it.is_whitespace() || it == '/').next().map_or(0, str::len);
        match kind {
            '[' => {
                if let Some(inside) = &mut inside {
                    inside.push_str(&tag["<![CDATA[".len()..]);
                }
            }
            '/' => {
                if let Some(value) = inside.take() {
                    found.push((path.join("/"), value.trim().to_owned()));
                }
                path.pop();
            }
            '<' => {
                let own = &tag[1..=name(&tag[1..])];
                if tag.ends_with('/') {
                    found.push((path.iter().chain(&[own]).copied().collect::<Vec<_>>().join("/"), String::new()));
                    inside = None;
                } else {
                    path.push(own);
                    inside = Some(String::new());
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_names_that_lead_to_them() {
        let text = "<?xml version=\"1.0\"?>\n<!-- <a>no</a> -->\n<project xmlns=\"x\">\n <artifactId> app </artifactId>\n <parent><relativePath/></parent>\n <modules><module>a</module><!-- b --><module>c<!-- d --></module></modules>\n <n><![CDATA[<x>]]></n>\n</project>";
        let found: Vec<String> = values(text).into_iter().map(|(path, value)| format!("{path}={value}")).collect();
        let expected = [
            "project/artifactId=app",
            "project/parent/relativePath=",
            "project/modules/module=a",
            "project/modules/module=c",
            "project/n=<x>",
        ];
        assert_eq!(found, expected);
        assert!(values("<a><b").is_empty() && values("").is_empty() && values("</a>x<b>y</b>").len() == 1);
    }
}

//! Query strings, with the habits of the clients of KUMA's API.

/// The decoded parameters of a query string, in order, repeated ones included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Splits and decodes a raw query string. Every text is a query string, so this never fails;
    /// bytes that are not UTF-8 become the replacement character.
    #[must_use]
    pub fn parse(raw: &str) -> Self {
        Self(form_urlencoded::parse(raw.as_bytes()).into_owned().collect())
    }

    /// The first value of a parameter: what the SIEM's own server (written in Go) takes.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter that may be repeated.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The name of each parameter, in order, repeated ones included.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Whether a flag is there. Its value does not count: `withEvents`, `withEvents=` and
    /// `withEvents=false` all mean yes.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.first(name).is_some()
    }
}

/// A parameter whose value can not be used. KUMA answers 400 `invalid query parameter value` with
/// the parameter's name as details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadParameter(pub &'static str);

impl Query {
    /// The `page` parameter: from 1, 1 when absent.
    ///
    /// # Errors
    /// Not a whole number from 1.
    pub fn page(&self) -> Result<u32, BadParameter> {
        match self.first("page") {
            None => Ok(1),
            Some(text) => text.parse().ok().filter(|page| *page > 0).ok_or(BadParameter("page")),
        }
    }

    /// The `name` parameter: a case-insensitive, unanchored pattern.
    ///
    /// # Errors
    /// Not a pattern, or one that is too long or too large once compiled.
    pub fn name_pattern(&self) -> Result<Option<regex::Regex>, BadParameter> {
        /// Longest pattern, in bytes: eight times the longest name.
        const LONGEST: usize = 1024;
        /// Largest compiled pattern, in bytes: keeps `(a{1000}){1000}` out.
        const LARGEST: usize = 1 << 20;
        let Some(text) = self.first("name") else {
            return Ok(None);
        };
        if text.len() > LONGEST {
            return Err(BadParameter("name"));
        }
        regex::RegexBuilder::new(text)
            .case_insensitive(true)
            .size_limit(LARGEST)
            .nest_limit(50)
            .build()
            .map(Some)
            .map_err(|_| BadParameter("name"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_set_by_being_there() {
        for raw in ["withEvents&status=new", "withEvents=", "withEvents=false", "a=1&withEvents"] {
            assert!(Query::parse(raw).flag("withEvents"), "{raw}");
        }
        assert!(!Query::parse("withevents&status=new").flag("withEvents"));
    }

    #[test]
    fn repeated_parameters_are_all_there_and_the_first_one_counts_alone() {
        let query = Query::parse("status=new&status=closed&page=2&page=x");
        assert_eq!(query.all("status").collect::<Vec<_>>(), ["new", "closed"]);
        assert_eq!(query.page(), Ok(2));
        for raw in ["page=0", "page=-1", "page=", "page=x", "page=4294967296"] {
            assert_eq!(Query::parse(raw).page(), Err(BadParameter("page")), "{raw}");
        }
    }

    #[test]
    fn a_pattern_is_unanchored_and_ignores_case_and_bombs_are_refused() {
        let pattern =
            Query::parse("name=%D0%BF%D0%B5%D1%80%D0%B5%D0%B1%D0%BE%D1%80").name_pattern().unwrap().unwrap();
        assert!(pattern.is_match("Обнаружен ПЕРЕБОР паролей"));
        for bomb in ["(a{1000}){1000}", "((((a{30}){30}){30}){30})", "[", "(?=x)", &"(".repeat(2000)] {
            let raw: String =
                form_urlencoded::Serializer::new(String::new()).append_pair("name", bomb).finish();
            assert_eq!(Query::parse(&raw).name_pattern().unwrap_err(), BadParameter("name"), "{bomb:.20}");
        }
    }
}

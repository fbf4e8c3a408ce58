//! What the settings of a system are called.

/// The names of settings that the texts of errors point at: an administrator looks for just these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// The secret with the token.
    pub token: &'static str,
    /// The secret with certificates that are trusted.
    pub certificate: &'static str,
    /// Whether the system is known for not sending the certificate of the authority between its own
    /// certificate and the root.
    pub omits_intermediate: bool,
}

impl Default for Names {
    /// The names that targets have.
    fn default() -> Self {
        Self { token: "secretID", certificate: "certificateSecretID", omits_intermediate: false }
    }
}

impl Names {
    /// What to do about certificates that are no certificates.
    pub(crate) fn unreadable_certificate(self) -> String {
        format!(
            "the secret in {} holds a certificate that can not be read: it must be X.509 in PEM",
            self.certificate
        )
    }

    /// What to do about an issuer that is not known.
    pub(crate) fn unknown_issuer(self, host: &str) -> String {
        let setting = self.certificate;
        if self.omits_intermediate {
            return format!(
                "the certificate of {host} is signed by an unknown authority: the server may leave out the \
                 certificate of the intermediate authority; add the certificate of the INTERMEDIATE authority \
                 (and of the root, if it is not a public one), in PEM, to a secret of type certificate and name \
                 it in {setting}"
            );
        }
        format!(
            "the certificate of {host} was issued by an authority that is not known here: put that authority's \
             certificate, and the intermediate ones if {host} does not send them, into a secret of type \
             certificate and name it in {setting}"
        )
    }
}

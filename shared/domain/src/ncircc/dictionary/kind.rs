//! What a notification is about: its category and, within it, its type.

use super::dictionary;

/// Category of the messages that NCIRCC itself writes, on the wire.
pub const NOTICE_CATEGORY: &str = "Сообщение от НКЦКИ";

dictionary! {
    /// Category of a notification.
    Category {
        Incident = "Computer incident notification" => "Уведомление о компьютерном инциденте",
        Attack = "Notification about a computer attack" => "Уведомление о компьютерной атаке",
        Vulnerability = "Notification about a detected vulnerability" => "Уведомление о наличии уязвимости",
    }
}

dictionary! {
    /// Type of a notification. Three are known only to be refused: see [`Kind::removed`].
    Kind {
        SlowedByDdos = "Slowed operation of the resource due to a DDoS attack"
            => "Замедление работы ресурса в результате DDoS-атаки",
        MalwareInfection = "Malware infection" => "Заражение ВПО",
        TrafficInterception = "Network traffic interception" => "Захват сетевого трафика",
        CompromisedAccount = "Compromised user account" => "Компрометация учетной записи",
        DataModification = "Unauthorized data modification" => "Несанкционированное изменение информации",
        DataDisclosure = "Unauthorized disclosure of information"
            => "Несанкционированное разглашение информации",
        IllegalPublication = "Publication of illegal information on the resource"
            => "Публикация на ресурсе запрещенной законодательством РФ информации",
        ExploitedVulnerability = "Successful exploitation of a vulnerability"
            => "Успешная эксплуатация уязвимости",
        NotAnAttack = "Event is not related to a computer attack"
            => "Событие не связано с компьютерной атакой",
        UsedForAttacks = "Use of a controlled resource for attacks"
            => "Использование контролируемого ресурса для проведения атак",
        MalwareInfrastructure = "Involvement of a controlled resource in malicious software infrastructure"
            => "Вовлечение контролируемого ресурса в инфраструктуру ВПО",
        UsedForPhishing = "Use of a controlled resource for phishing"
            => "Использование контролируемого ресурса для фишинга",
        SpamDistribution = "Distribution of spam messages from the controlled resource"
            => "Рассылка спам-сообщений с контролируемого ресурса",
        Ddos = "DDoS attack" => "DDoS-атака",
        AuthorizationAttempts = "Unsuccessful authorization attempts" => "Неудачные попытки авторизации",
        InjectionAttempts = "Malware injection attempts" => "Попытки внедрения ВПО",
        ExploitAttempts = "Attempts to exploit a vulnerability" => "Попытки эксплуатации уязвимости",
        FraudulentPublication = "Publication of fraudulent information"
            => "Публикация мошеннической информации",
        NetworkScanning = "Network scanning" => "Сетевое сканирование",
        SocialEngineering = "Social engineering" => "Социальная инженерия",
        VulnerableResource = "Vulnerable resource" => "Уязвимый ресурс",
    }
}

impl Kind {
    /// The category that it belongs to.
    #[must_use]
    pub const fn category(self) -> Category {
        match self {
            Self::SlowedByDdos
            | Self::MalwareInfection
            | Self::TrafficInterception
            | Self::CompromisedAccount
            | Self::DataModification
            | Self::DataDisclosure
            | Self::IllegalPublication
            | Self::ExploitedVulnerability
            | Self::NotAnAttack
            | Self::UsedForAttacks
            | Self::MalwareInfrastructure
            | Self::UsedForPhishing
            | Self::SpamDistribution => Category::Incident,
            Self::Ddos
            | Self::AuthorizationAttempts
            | Self::InjectionAttempts
            | Self::ExploitAttempts
            | Self::FraudulentPublication
            | Self::NetworkScanning
            | Self::SocialEngineering => Category::Attack,
            Self::VulnerableResource => Category::Vulnerability,
        }
    }

    /// Whether NCIRCC took it off its list in 2023. KUMA up to 3.0 still offers these.
    #[must_use]
    pub const fn removed(self) -> bool {
        self.instead().is_some()
    }

    /// What to choose for a removed type. An assumption: NCIRCC does not say.
    #[must_use]
    pub const fn instead(self) -> Option<Self> {
        match self {
            Self::MalwareInfrastructure | Self::UsedForPhishing | Self::SpamDistribution => {
                Some(Self::UsedForAttacks)
            }
            _ => None,
        }
    }

    /// The types that a notification of this category may have.
    pub fn of(category: Category) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |kind| kind.category() == category && !kind.removed())
    }
}

//! The words of the account: what a field may say, and which technical fields belong to which type.

pub(super) const INCIDENT: &str = "Уведомление о компьютерном инциденте";
pub(super) const ATTACK: &str = "Уведомление о компьютерной атаке";
pub(super) const VULNERABILITY: &str = "Уведомление о наличии уязвимости";
pub(super) const MESSAGE: &str = "Сообщение от НКЦКИ";

pub(super) const CREATED: &str = "Создано";
pub(super) const REGISTERED: &str = "Зарегистрировано";
pub(super) const SUPPLEMENT: &str = "Требуется дополнение";
pub(super) const CHECKED: &str = "Проверка НКЦКИ";
pub(super) const NEW: &str = "Новое";
pub(super) const IN_WORK: &str = "В работе";
pub(super) const DECIDED: &str = "Принято решение";
const ARCHIVED: &str = "Отправлено в архив";

/// Of a notification.
pub(super) const STATUSES: [&str; 6] = [CREATED, REGISTERED, SUPPLEMENT, CHECKED, DECIDED, ARCHIVED];
/// Of a message.
pub(super) const MESSAGE_STATUSES: [&str; 5] = [NEW, IN_WORK, DECIDED, "Взаимодействие завершено", ARCHIVED];
pub(super) const RESULTS: [&str; 3] = ["Меры приняты", "Информация учтена", "Сведения не подтверждены"];
pub(super) const TLPS: [&str; 4] = ["TLP:WHITE", "TLP:GREEN", "TLP:AMBER", "TLP:RED"];
pub(super) const ACTIVITIES: [&str; 4] = [
    "Меры приняты",
    "Проводятся мероприятия по реагированию",
    "Возобновлены мероприятия по реагированию",
    "Инцидент не подтвержден",
];
pub(super) const IMPACTS: [&str; 3] = ["Высокое", "Низкое", "Отсутствует"];
pub(super) const SYSTEM_CATEGORIES: [&str; 5] = [
    "Информационный ресурс не является объектом КИИ",
    "Объект КИИ без категории значимости",
    "Объект КИИ третьей категории значимости",
    "Объект КИИ второй категории значимости",
    "Объект КИИ первой категории значимости",
];
/// What an indicator was.
pub(super) const FUNCTIONS: [&str; 4] = [
    "Центр управления ВПО",
    "Элемент инфраструктуры ВПО",
    "Источник распространения ВПО",
    "Тип не определен",
];
/// What an affected system is for.
pub(super) const SCOPES: [&str; 16] = [
    "Атомная энергетика",
    "Банковская сфера и иные сферы финансового рынка",
    "Горнодобывающая промышленность",
    "Государственная/муниципальная власть",
    "Здравоохранение",
    "Металлургическая промышленность",
    "Наука",
    "Оборонная промышленность",
    "Образование",
    "Ракетно-космическая промышленность",
    "Связь",
    "СМИ",
    "Топливно-энергетический комплекс",
    "Транспорт",
    "Химическая промышленность",
    "Иная",
];
/// `product_category`.
pub(super) const PRODUCTS: [&str; 24] = [
    "Операционные системы Microsoft и их компоненты",
    "Unix-подобные операционные системы и их компоненты",
    "Серверное программное обеспечение и его компоненты",
    "Прикладное программное обеспечение",
    "Компоненты рабочих станций и серверных платформ",
    "Телекоммуникационное оборудование",
    "Средства защиты информации",
    "Периферийное оборудование",
    "Промышленное программно-аппаратное оборудование",
    "Мобильные платформы",
    "IoT-устройства",
    "Программное и аппаратное обеспечение в сфере здравоохранения",
    "Программное и аппаратное обеспечение в сфере науки",
    "Программное и аппаратное обеспечение в сфере транспорта",
    "Программное и аппаратное обеспечение в сфере связи",
    "Программное и аппаратное обеспечение в сфере энергетики",
    "Программное и аппаратное обеспечение в банковской сфере и иных финансовых сферах",
    "Программное и аппаратное обеспечение в топливно-энергетическом комплексе",
    "Программное и аппаратное обеспечение в области атомной энергии",
    "Программное и аппаратное обеспечение в оборонной промышленности",
    "Программное и аппаратное обеспечение в ракетно-космической промышленности",
    "Программное и аппаратное обеспечение в горнодобывающей промышленности",
    "Программное и аппаратное обеспечение в металлургической промышленности",
    "Программное и аппаратное обеспечение в сфере химической промышленности",
];
/// What a message can be about.
pub(super) const MESSAGE_TYPES: [&str; 24] = [
    "Зараженный ресурс",
    "Источник email-рассылки модулей ВПО",
    "Источник распространения модулей ВПО",
    "Центр управления ВПО",
    "Элемент инфраструктуры ВПО",
    "Замедление работы ресурса",
    "Источник эксплуатации уязвимости",
    "Источник компрометации учетной записи",
    "Участник захвата сетевого трафика",
    "Источник несанкционированного доступа",
    "Источник несанкционированного изменения информации",
    "Источник рассылки спам-сообщений",
    "Публикация запрещенной законодательством РФ информации",
    "Размещение фишингового ресурса",
    "Наличие несанкционированного контента",
    "Участник DDoS-атаки",
    "Скомпрометированная учетная запись",
    "Источник сетевого сканирования",
    "Участник мошеннической деятельности",
    "Источник угрозы социальной инженерии",
    "Уязвимый ресурс",
    "Подозрение на фишинговый ресурс",
    "Угроза компрометации ПДн",
    "Угроза компьютерной атаки",
];

/// A type of notification.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) category: &'static str,
    pub(super) name: &'static str,
    /// Whether it can be a leak of personal data.
    pub(super) leak: bool,
    /// One mark for each of [`TECHNICAL`].
    marks: &'static str,
}

/// The fields that are for systems with a connection, in the order of the marks below.
pub(super) const TECHNICAL: [&str; 17] = [
    "related_observables_ipv4",
    "related_observables_ipv6",
    "related_observables_domain",
    "related_observables_uri",
    "related_observables_email",
    "related_observables_service",
    "related_observables_as_path",
    "related_indicators_ipv4",
    "related_indicators_ipv6",
    "related_indicators_domain",
    "related_indicators_uri",
    "related_indicators_email",
    "malware_hash",
    "related_indicators_vuln",
    "related_indicators_asn",
    "related_indicators_as",
    "related_indicators_as_lir",
];
/// What only a notification about a vulnerability has.
pub(super) const PRODUCT: [&str; 3] = ["product_info", "vulnerability_id", "product_category"];

const TYPES: [Type; 18] = [
    leak("Заражение ВПО", "++++++.+++++++..."),
    plain(INCIDENT, "Замедление работы ресурса в результате DDoS-атаки", "++++.+.+++...+..."),
    plain(INCIDENT, "Захват сетевого трафика", "......+.......+++"),
    leak("Компрометация учетной записи", "++++++.+++...+..."),
    plain(INCIDENT, "Несанкционированное изменение информации", "++++.+.++++..+..."),
    leak("Несанкционированное разглашение информации", "++++++.+++++.+..."),
    plain(INCIDENT, "Публикация на ресурсе запрещенной законодательством РФ информации", ".......++++..+..."),
    leak("Успешная эксплуатация уязвимости", "++++++.+++++.+..."),
    plain(INCIDENT, "Использование контролируемого ресурса для проведения атак", ".......+++++++..."),
    leak("Событие не связано с компьютерной атакой", "++++++..........."),
    plain(ATTACK, "DDoS-атака", "++++.+.+++...+..."),
    plain(ATTACK, "Неудачные попытки авторизации", "++++++.+++...+..."),
    plain(ATTACK, "Попытки внедрения ВПО", "++++++.+++++++..."),
    plain(ATTACK, "Попытки эксплуатации уязвимости", "++++++.+++++.+..."),
    plain(ATTACK, "Публикация мошеннической информации", "++++.+.++++..+..."),
    plain(ATTACK, "Сетевое сканирование", "++++.+.+++...+..."),
    plain(ATTACK, "Социальная инженерия", "++++++.+++++.+..."),
    plain(VULNERABILITY, "Уязвимый ресурс", "................."),
];

const fn plain(category: &'static str, name: &'static str, marks: &'static str) -> Type {
    Type { category, name, leak: false, marks }
}

const fn leak(name: &'static str, marks: &'static str) -> Type {
    Type { category: INCIDENT, name, leak: true, marks }
}

impl Type {
    /// The type of this category and name; those that were taken out of the contract are none.
    pub(super) fn find(category: &str, name: &str) -> Option<&'static Self> {
        TYPES.iter().find(|one| one.category == category && one.name == name)
    }

    /// Whether notifications of this type have this technical field.
    pub(super) fn has(&self, tag: &str) -> bool {
        let marked =
            TECHNICAL.iter().zip(self.marks.bytes()).any(|(name, mark)| *name == tag && mark == b'+');
        marked || (self.category == VULNERABILITY && PRODUCT.contains(&tag))
    }
}

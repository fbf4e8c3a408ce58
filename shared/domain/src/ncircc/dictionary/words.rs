//! The short lists.

use super::dictionary;

dictionary! {
    /// Whom NCIRCC may tell about it.
    Tlp {
        White = "WHITE" => "TLP:WHITE",
        Green = "GREEN" => "TLP:GREEN",
        Amber = "AMBER" => "TLP:AMBER",
        Red = "RED" => "TLP:RED",
    }
}

dictionary! {
    /// How far the work on it is.
    ActivityStatus {
        Taken = "Measures taken" => "Меры приняты",
        InProgress = "Response measures are being taken" => "Проводятся мероприятия по реагированию",
        Resumed = "Response measures are resumed" => "Возобновлены мероприятия по реагированию",
        NotConfirmed = "Incident is not confirmed" => "Инцидент не подтвержден",
    }
}

dictionary! {
    /// How much a computer incident harmed availability, integrity or confidentiality.
    Impact {
        High = "High" => "Высокое",
        Low = "Low" => "Низкое",
        None = "None" => "Отсутствует",
    }
}

dictionary! {
    /// What the affected system is to the critical information infrastructure (CII).
    SystemCategory {
        NotCii = "Information resource is not a CII object"
            => "Информационный ресурс не является объектом КИИ",
        NotSignificant = "CII object without a significance category"
            => "Объект КИИ без категории значимости",
        Third = "CII object of the third significance category"
            => "Объект КИИ третьей категории значимости",
        Second = "CII object of the second significance category"
            => "Объект КИИ второй категории значимости",
        First = "CII object of the first significance category"
            => "Объект КИИ первой категории значимости",
    }
}

dictionary! {
    /// What an indicator does in an attack.
    IndicatorFunction {
        ControlCenter = "Malware control center" => "Центр управления ВПО",
        Infrastructure = "Malware infrastructure element" => "Элемент инфраструктуры ВПО",
        Distribution = "Malware distribution source" => "Источник распространения ВПО",
        Undefined = "Undefined" => "Тип не определен",
    }
}

dictionary! {
    /// Where one of our notifications is at NCIRCC.
    NotificationStatus {
        Created = "Created" => "Создано",
        Registered = "Registered" => "Зарегистрировано",
        MoreInformation = "More information required" => "Требуется дополнение",
        Check = "NCIRCC check" => "Проверка НКЦКИ",
        Decided = "Decision made" => "Принято решение",
        Archived = "Sent to archive" => "Отправлено в архив",
    }
}

dictionary! {
    /// Where a message from NCIRCC is.
    NoticeStatus {
        New = "New" => "Новое",
        InWork = "In work" => "В работе",
        Decided = "Decision made" => "Принято решение",
        Completed = "Interaction completed" => "Взаимодействие завершено",
        Archived = "Sent to archive" => "Отправлено в архив",
    }
}

dictionary! {
    /// What became of a message from NCIRCC.
    NoticeResult {
        Taken = "measures taken" => "Меры приняты",
        Noted = "information noted" => "Информация учтена",
        NotConfirmed = "not confirmed" => "Сведения не подтверждены",
    }
}

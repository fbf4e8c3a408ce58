//! What an organisation does, and what a vulnerable product is.

use super::dictionary;

dictionary! {
    /// Scope of activity of an organisation, and what an affected system is for.
    Scope {
        NuclearEnergy = "Nuclear energy" => "Атомная энергетика",
        Banking = "Banking and other financial market sectors"
            => "Банковская сфера и иные сферы финансового рынка",
        Mining = "Mining" => "Горнодобывающая промышленность",
        Government = "Federal/municipal government" => "Государственная/муниципальная власть",
        Healthcare = "Healthcare" => "Здравоохранение",
        Metallurgy = "Metallurgy" => "Металлургическая промышленность",
        Science = "Science" => "Наука",
        Defense = "Defense industry" => "Оборонная промышленность",
        Education = "Education" => "Образование",
        Aerospace = "Aerospace industry" => "Ракетно-космическая промышленность",
        Communication = "Communication" => "Связь",
        MassMedia = "Mass media" => "СМИ",
        Fuel = "Fuel and power" => "Топливно-энергетический комплекс",
        Transportation = "Transportation" => "Транспорт",
        Chemical = "Chemical industry" => "Химическая промышленность",
        Other = "Other" => "Иная",
    }
}

dictionary! {
    /// What kind of product a vulnerability is in.
    ProductCategory {
        Microsoft = "Microsoft operating systems and their components"
            => "Операционные системы Microsoft и их компоненты",
        Unix = "Unix-like operating systems and their components"
            => "Unix-подобные операционные системы и их компоненты",
        Server = "Server software and its components" => "Серверное программное обеспечение и его компоненты",
        Application = "Application software" => "Прикладное программное обеспечение",
        Platform = "Components of workstations and server platforms"
            => "Компоненты рабочих станций и серверных платформ",
        Telecommunication = "Telecommunication equipment" => "Телекоммуникационное оборудование",
        Security = "Information security tools" => "Средства защиты информации",
        Peripheral = "Peripheral equipment" => "Периферийное оборудование",
        Industrial = "Industrial software and hardware" => "Промышленное программно-аппаратное оборудование",
        Mobile = "Mobile platforms" => "Мобильные платформы",
        Iot = "IoT devices" => "IoT-устройства",
        Healthcare = "Healthcare software and hardware"
            => "Программное и аппаратное обеспечение в сфере здравоохранения",
        Science = "Science software and hardware" => "Программное и аппаратное обеспечение в сфере науки",
        Transport = "Transport software and hardware"
            => "Программное и аппаратное обеспечение в сфере транспорта",
        Communication = "Communication software and hardware"
            => "Программное и аппаратное обеспечение в сфере связи",
        Energy = "Energy software and hardware" => "Программное и аппаратное обеспечение в сфере энергетики",
        Banking = "Banking and financial software and hardware"
            => "Программное и аппаратное обеспечение в банковской сфере и иных финансовых сферах",
        Fuel = "Fuel and power software and hardware"
            => "Программное и аппаратное обеспечение в топливно-энергетическом комплексе",
        Nuclear = "Nuclear energy software and hardware"
            => "Программное и аппаратное обеспечение в области атомной энергии",
        Defense = "Defense industry software and hardware"
            => "Программное и аппаратное обеспечение в оборонной промышленности",
        Aerospace = "Aerospace industry software and hardware"
            => "Программное и аппаратное обеспечение в ракетно-космической промышленности",
        Mining = "Mining software and hardware"
            => "Программное и аппаратное обеспечение в горнодобывающей промышленности",
        Metallurgy = "Metallurgy software and hardware"
            => "Программное и аппаратное обеспечение в металлургической промышленности",
        Chemical = "Chemical industry software and hardware"
            => "Программное и аппаратное обеспечение в сфере химической промышленности",
    }
}

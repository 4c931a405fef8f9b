namespace CityHelper.Data.Import.NewYork;

/// <summary>The time of day at which requests of a type are made.</summary>
internal enum Rhythm
{
    /// <summary>Office hours and the evening.</summary>
    Day,

    /// <summary>Evening to early morning.</summary>
    Night,
}

/// <param name="Name">As in the city's data.</param>
/// <param name="Agency">Code of <see cref="NewYorkCatalogue.Agencies"/>.</param>
/// <param name="Weight">Frequency, relative to the others.</param>
/// <param name="Hours">Typical time until it is closed.</param>
/// <param name="When">Its time of day.</param>
/// <param name="Details">Its descriptors.</param>
internal sealed record RequestType(string Name, string Agency, int Weight, double Hours, Rhythm When, params string[] Details);

/// <param name="Longitude">Centre.</param>
/// <param name="Latitude">Centre.</param>
/// <param name="Spread">Standard deviation in degrees.</param>
/// <param name="Weight">How many requests come from here, relative to the others.</param>
/// <param name="Board">Community board.</param>
/// <param name="Zip">One of its postal codes.</param>
/// <param name="Streets">Some of its streets.</param>
internal sealed record Neighbourhood(
    double Longitude, double Latitude, double Spread, int Weight, string Board, string Zip, params string[] Streets);

/// <summary>What the generator draws from: types, agencies and locations with roughly the frequencies of the real city.</summary>
internal static class NewYorkCatalogue
{
    public static IReadOnlyDictionary<string, string> Agencies { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["NYPD"] = "New York City Police Department",
        ["HPD"] = "Department of Housing Preservation and Development",
        ["DSNY"] = "Department of Sanitation",
        ["DOT"] = "Department of Transportation",
        ["DEP"] = "Department of Environmental Protection",
        ["DPR"] = "Department of Parks and Recreation",
        ["DOHMH"] = "Department of Health and Mental Hygiene",
        ["DOB"] = "Department of Buildings",
        ["DHS"] = "Department of Homeless Services",
        ["TLC"] = "Taxi and Limousine Commission",
        ["DCWP"] = "Department of Consumer and Worker Protection",
        ["EDC"] = "Economic Development Corporation",
    };

    public static IReadOnlyList<RequestType> Types { get; } =
    [
        new("Noise - Residential", "NYPD", 1500, 2, Rhythm.Night,
            "Loud Music/Party", "Banging/Pounding", "Loud Talking", "Loud Television"),
        new("Illegal Parking", "NYPD", 1400, 2, Rhythm.Day,
            "Blocked Hydrant", "Posted Parking Sign Violation", "Blocked Sidewalk", "Double Parked Blocking Traffic", "Blocked Bike Lane",
            "Commercial Overnight Parking"),
        new("HEAT/HOT WATER", "HPD", 1100, 48, Rhythm.Day, "ENTIRE BUILDING", "APARTMENT ONLY"),
        new("Blocked Driveway", "NYPD", 560, 2, Rhythm.Day, "No Access", "Partial Access"),
        new("Noise - Street/Sidewalk", "NYPD", 540, 2, Rhythm.Night, "Loud Music/Party", "Loud Talking"),
        new("UNSANITARY CONDITION", "HPD", 320, 240, Rhythm.Day, "PESTS", "MOLD", "GARBAGE/RECYCLING STORAGE", "SEWAGE"),
        new("Abandoned Vehicle", "NYPD", 240, 6, Rhythm.Day, "With License Plate", "Without License Plate"),
        new("Street Condition", "DOT", 230, 90, Rhythm.Day, "Pothole", "Cave-in", "Rough, Pitted or Cracked Roads", "Defective Hardware"),
        new("Noise - Commercial", "NYPD", 220, 2, Rhythm.Night, "Loud Music/Party", "Banging/Pounding", "Loud Talking"),
        new("PLUMBING", "HPD", 200, 260, Rhythm.Day, "WATER SUPPLY", "BASIN/SINK", "STEAM PIPE/RISER", "TOILET"),
        new("PAINT/PLASTER", "HPD", 200, 260, Rhythm.Day, "CEILING", "WALL"),
        new("Water System", "DEP", 190, 30, Rhythm.Day,
            "Hydrant Running (WC3)", "Leak (Use Comments) (WA2)", "No Water (WNW)", "Hydrant Defective (WC2)"),
        new("Illegal Dumping", "DSNY", 180, 40, Rhythm.Day, "Removal Request", "Chronic Dumping"),
        new("Noise - Vehicle", "NYPD", 180, 2, Rhythm.Night, "Car/Truck Music", "Car/Truck Horn", "Engine Idling"),
        new("Noise", "DEP", 170, 120, Rhythm.Night,
            "Noise: Construction Before/After Hours (NM1)", "Noise, Barking Dog (NR5)", "Noise: Alarms (NR3)"),
        new("Street Light Condition", "DOT", 160, 70, Rhythm.Night, "Street Light Out", "Street Light Cycling", "Lamppost Damaged"),
        new("Dirty Condition", "DSNY", 160, 60, Rhythm.Day, "Trash", "E1 Improper Disposal"),
        new("DOOR/WINDOW", "HPD", 150, 260, Rhythm.Day, "DOOR", "WINDOW FRAME", "WINDOW PANE"),
        new("Traffic Signal Condition", "DOT", 140, 6, Rhythm.Day, "Controller", "Ped Lamp", "Veh Signal Lamp"),
        new("Damaged Tree", "DPR", 130, 300, Rhythm.Day,
            "Branch or Limb Has Fallen Down", "Entire Tree Has Fallen Down", "Tree Leaning/Uprooted"),
        new("Rodent", "DOHMH", 130, 330, Rhythm.Night,
            "Rat Sighting", "Condition Attracting Rodents", "Signs of Rodents", "Mouse Sighting"),
        new("Sewer", "DEP", 120, 24, Rhythm.Day,
            "Sewer Backup (Use Comments) (SA)", "Catch Basin Clogged/Flooding (Use Comments) (SC)",
            "Manhole Cover Missing (Emergency) (SA3)"),
        new("Missed Collection", "DSNY", 120, 48, Rhythm.Day, "Trash", "Recycling - Paper", "Organics"),
        new("Encampment", "NYPD", 110, 4, Rhythm.Day, "N/A"),
        new("General Construction/Plumbing", "DOB", 100, 500, Rhythm.Day,
            "Failure To Maintain", "Cons - Contrary/Beyond Approved Plans/Permits", "Boiler - Defective/Inoperative/No Permit"),
        new("WATER LEAK", "HPD", 100, 150, Rhythm.Day, "HEAVY FLOW", "SLOW LEAK", "DAMP SPOT"),
        new("Graffiti", "DSNY", 90, 700, Rhythm.Day, "Graffiti"),
        new("Homeless Person Assistance", "DHS", 80, 3, Rhythm.Day, "Chronic", "Non-Chronic"),
        new("Derelict Vehicles", "DSNY", 70, 200, Rhythm.Day, "Derelict Vehicles"),
        new("Sidewalk Condition", "DOT", 70, 600, Rhythm.Day, "Broken Sidewalk", "Sidewalk Violation", "Defacement"),
        new("Building/Use", "DOB", 60, 900, Rhythm.Day,
            "Illegal Conversion Of Residential Building/Space", "Zoning - Non-Conforming/Illegal Vehicle Storage"),
        new("Food Establishment", "DOHMH", 55, 300, Rhythm.Day, "Rodents/Insects/Garbage", "Food Spoiled", "Bare Hands in Contact w/ Food"),
        new("Overgrown Tree/Branches", "DPR", 50, 500, Rhythm.Day, "Street Light Blocked", "Hitting Building"),
        new("Lost Property", "TLC", 45, 400, Rhythm.Day, "Phone", "Bag/Wallet", "Other"),
        new("Consumer Complaint", "DCWP", 45, 500, Rhythm.Day, "Overcharge", "Retail Store", "Installation/Work Quality"),
        new("Noise - Helicopter", "EDC", 40, 300, Rhythm.Day, "Other", "NYPD"),
        new("Elevator", "DOB", 35, 200, Rhythm.Day, "Elevator - Defective/Not Working"),
        new("Root/Sewer/Sidewalk Condition", "DPR", 30, 800, Rhythm.Day, "Trees and Sidewalks Program"),
        new("Street Sign - Damaged", "DOT", 28, 300, Rhythm.Day, "Stop", "Street", "Other/Unknown"),
        new("Air Quality", "DEP", 26, 100, Rhythm.Day, "Air: Odor/Fumes, Vehicle Idling (AD3)", "Air: Smoke, Chimney or vent (AS1)"),
        new("Drug Activity", "NYPD", 22, 6, Rhythm.Night, "Use Outside", "Use Indoor"),
        new("Unsanitary Animal Pvt Property", "DOHMH", 18, 300, Rhythm.Day, "Dog", "Cat", "Other Animal"),
        new("Electrical", "DOB", 14, 400, Rhythm.Day, "Electrical - Unlicensed/Illegal/Improper Work In Progress"),
        new("Lead", "DEP", 12, 80, Rhythm.Day, "Lead Kit Request (Residential) (L10)"),
        new("Outdoor Dining", "DOT", 10, 500, Rhythm.Day, "Sidewalk Zone Blocked", "Site Setup Condition"),
        new("Animal in a Park", "DPR", 9, 30, Rhythm.Day, "Dog Off Leash", "Animal Waste"),
        new("Bike Rack Condition", "DOT", 6, 400, Rhythm.Day, "Damaged"),
        new("Illegal Animal Kept as Pet", "DOHMH", 5, 500, Rhythm.Day, "Rooster", "Snake", "Other"),
        new("Drinking Water", "DOHMH", 4, 90, Rhythm.Day, "Brown or Rusty"),
        new("Harboring Bees/Wasps", "DOHMH", 3, 200, Rhythm.Day, "Bees/Wasps - Not a beekeeper"),
        new("Beach/Pool/Sauna Complaint", "DOHMH", 2, 200, Rhythm.Day, "Pool"),
        new("Ferry Inquiry", "DOT", 1, 100, Rhythm.Day, "Lost and Found"),
        new("Radioactive Material", "DOHMH", 1, 60, Rhythm.Day, "Radioactive Material"),
    ];

    public static IReadOnlyList<Neighbourhood> Places { get; } =
    [
        new(-73.9857, 40.7590, 0.0060, 90, "05 MANHATTAN", "10036", "WEST 45 STREET", "BROADWAY", "8 AVENUE"),
        new(-73.9442, 40.8116, 0.0070, 130, "10 MANHATTAN", "10027", "LENOX AVENUE", "WEST 126 STREET", "7 AVENUE"),
        new(-73.9354, 40.8448, 0.0080, 150, "12 MANHATTAN", "10033", "ST NICHOLAS AVENUE", "WEST 174 STREET", "AUDUBON AVENUE"),
        new(-73.9840, 40.7220, 0.0060, 100, "03 MANHATTAN", "10009", "AVENUE B", "EAST 7 STREET", "RIVINGTON STREET"),
        new(-73.9560, 40.7730, 0.0060, 80, "08 MANHATTAN", "10021", "2 AVENUE", "EAST 73 STREET", "YORK AVENUE"),
        new(-73.9130, 40.8270, 0.0080, 140, "04 BRONX", "10456", "GRAND CONCOURSE", "WALTON AVENUE", "EAST 167 STREET"),
        new(-73.8900, 40.8620, 0.0090, 150, "07 BRONX", "10458", "BAINBRIDGE AVENUE", "DECATUR AVENUE", "EAST 197 STREET"),
        new(-73.8602, 40.8919, 0.0100, 110, "12 BRONX", "10466", "EAST 230 STREET", "WHITE PLAINS ROAD", "PAULDING AVENUE"),
        new(-73.8640, 40.8300, 0.0090, 90, "09 BRONX", "10472", "WESTCHESTER AVENUE", "MORRISON AVENUE", "WATSON AVENUE"),
        new(-73.9420, 40.6870, 0.0090, 160, "03 BROOKLYN", "11221", "GATES AVENUE", "MARCUS GARVEY BOULEVARD", "HALSEY STREET"),
        new(-73.9570, 40.6480, 0.0100, 160, "14 BROOKLYN", "11226", "FLATBUSH AVENUE", "OCEAN AVENUE", "CORTELYOU ROAD"),
        new(-73.9570, 40.7140, 0.0070, 120, "01 BROOKLYN", "11211", "BEDFORD AVENUE", "METROPOLITAN AVENUE", "SOUTH 4 STREET"),
        new(-73.8830, 40.6650, 0.0100, 140, "05 BROOKLYN", "11207", "PITKIN AVENUE", "NEW LOTS AVENUE", "VAN SICLEN AVENUE"),
        new(-73.9830, 40.6120, 0.0120, 110, "11 BROOKLYN", "11214", "86 STREET", "BAY PARKWAY", "CROPSEY AVENUE"),
        new(-73.9780, 40.6720, 0.0080, 90, "06 BROOKLYN", "11215", "5 AVENUE", "UNION STREET", "7 AVENUE"),
        new(-73.8769, 40.7474, 0.0090, 150, "04 QUEENS", "11373", "ROOSEVELT AVENUE", "BROADWAY", "WHITNEY AVENUE"),
        new(-73.9200, 40.7650, 0.0090, 120, "01 QUEENS", "11103", "STEINWAY STREET", "30 AVENUE", "BROADWAY"),
        new(-73.8300, 40.7600, 0.0100, 120, "07 QUEENS", "11354", "MAIN STREET", "UNION STREET", "NORTHERN BOULEVARD"),
        new(-73.7930, 40.7050, 0.0120, 150, "12 QUEENS", "11433", "JAMAICA AVENUE", "LIBERTY AVENUE", "GUY R BREWER BOULEVARD"),
        new(-73.8580, 40.6930, 0.0110, 110, "09 QUEENS", "11421", "WOODHAVEN BOULEVARD", "JAMAICA AVENUE", "101 AVENUE"),
        new(-73.8250, 40.5900, 0.0080, 40, "14 QUEENS", "11694", "BEACH 116 STREET", "ROCKAWAY BEACH BOULEVARD"),
        new(-74.0900, 40.6350, 0.0110, 70, "01 STATEN ISLAND", "10301", "VICTORY BOULEVARD", "BAY STREET", "FOREST AVENUE"),
        new(-74.1200, 40.5800, 0.0150, 50, "02 STATEN ISLAND", "10306", "HYLAN BOULEVARD", "RICHMOND ROAD"),
        new(-74.1900, 40.5350, 0.0150, 35, "03 STATEN ISLAND", "10312", "AMBOY ROAD", "ARTHUR KILL ROAD"),
    ];

    /// <summary>Single addresses that occur again and again, as in real data.</summary>
    public static IReadOnlyList<(double Longitude, double Latitude, int Place, string Address)> HotSpots { get; } =
    [
        (-73.860168, 40.891872, 7, "655 EAST 230 STREET"),
        (-73.876853, 40.747420, 15, "89-60 WHITNEY AVENUE"),
        (-73.952401, 40.812378, 1, "364 WEST 127 STREET"),
        (-73.957012, 40.648220, 10, "1015 OCEAN AVENUE"),
        (-73.985130, 40.758896, 0, "1560 BROADWAY"),
        (-73.912604, 40.827715, 5, "1020 GRAND CONCOURSE"),
    ];

    public static IReadOnlyList<(string Channel, int Weight)> Channels { get; } =
        [("ONLINE", 40), ("MOBILE", 28), ("PHONE", 26), ("UNKNOWN", 5), ("OTHER", 1)];
}

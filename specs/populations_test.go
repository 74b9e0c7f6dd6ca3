package specs_test

// population is a specification of a whole population, with what its tests expect.
type population struct {
	file string // in this folder
	dir  string // of its package, and of its prompts in ../prompts
	// seeds is how many seeds the tests of texts try, nearDuplicates the largest
	// share of near-duplicates, and texts the number of text fields.
	seeds          uint64
	nearDuplicates float64
	texts          int
	// listed are the lists whose items texts mention, mentioned the least number of
	// mentions in the texts of a person, on average.
	listed    []listed
	mentioned map[string]float64
	// sampled are the numbers (from 0, below previewed) of the persons of the folder
	// samples, in order.
	sampled []int
}

// listed is a list of items that texts mention.
type listed struct {
	list  string
	banks []string // of the items
	texts []string
}

// moldova is the largest spec of this folder.
const moldova = "moldova.cue"

var populations = []population{
	{
		file: moldova, dir: "moldova", seeds: 4, nearDuplicates: 0.001, texts: 11,
		listed: []listed{
			{"hobbies_and_interests_list", []string{"pas", "sport", "arta"}, []string{"hobbies_and_interests", "persona"}},
			{"hobbies_and_interests_list", []string{"arta"}, []string{"arts_persona"}},
			{"skills_and_expertise_list", []string{"stie"}, []string{"skills_and_expertise", "professional_persona"}},
		},
		mentioned: map[string]float64{"hobbies_and_interests": 1, "skills_and_expertise": 2, "persona": 1. / 3},
		// A young person in a town, a Gagauz at work, a widow alone in a village, a
		// Russian at work, an elderly Bulgarian.
		sampled: []int{97, 15, 1, 83, 0, 24, 215, 34, 5, 79},
	},
	{
		file: "brazil.cue", dir: "brazil", seeds: 2, nearDuplicates: 0.005, texts: 11,
		listed: []listed{
			{"hobbies_and_interests_list", []string{"lazer", "esporte"}, []string{"hobbies_and_interests", "persona"}},
			{"hobbies_and_interests_list", []string{"arte"}, []string{"hobbies_and_interests", "persona"}},
			{"skills_and_expertise_list", []string{"sabe", "casa"}, []string{"skills_and_expertise", "professional_persona"}},
		},
		mentioned: map[string]float64{"hobbies_and_interests": 1, "skills_and_expertise": 1.5, "persona": 1. / 3},
		// A messenger in São Paulo, an indigenous man looking for work in Manaus, a worker
		// of Umbanda or Candomblé in Rio de Janeiro, a widow alone in a small town, a
		// geologist in the South.
		sampled: []int{322, 240, 134, 168, 216},
	},
}
